import { Module } from '@nestjs/common';
import { QueueBoard } from '@waybill/platform/queue';
import { QueueBoardController } from './queue-board.controller';
import { QueueBoardGate } from './queue-board.gate';

/** The queues as a page for admins. */
@Module({ controllers: [QueueBoardController], providers: [QueueBoard, QueueBoardGate] })
export class QueueBoardModule {}
